package main

import (
	"bytes"
	"fmt"
	"html"
)

// Sizes of the chart, in pixels.
const (
	chartWidth = 800
	labelWidth = 130 // names to the left of the bars
	barsWidth  = 320 // figures and notes to their right
	barHeight  = 16
	rowHeight  = 22
	titleSpace = 30
	panelSpace = 14
)

// The style follows the reader's light or dark theme. The background is transparent.
const chartHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="Cardea and its peers">
<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.note { fill: #57606a; font-size: 11px }
.other { fill: #8c959f }
.ours { fill: #0969da }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.note { fill: #9198a1 }
.other { fill: #656c76 }
.ours { fill: #4493f8 }
}
</style>
`

// chart draws each comparison as horizontal bars with its own scale.
func chart(comparisons []comparison) []byte {
	height := panelSpace
	for _, c := range comparisons {
		height += titleSpace + len(c.bars)*rowHeight + panelSpace
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, chartHead, chartWidth, height, chartWidth, height)
	y := panelSpace
	for _, c := range comparisons {
		c.draw(&out, y)
		y += titleSpace + len(c.bars)*rowHeight + panelSpace
	}
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func (c comparison) draw(out *bytes.Buffer, y int) {
	better := "more is better"
	if c.lessIsBetter {
		better = "less is better"
	}
	fmt.Fprintf(out, `<text x="0" y="%d"><tspan class="title">%s</tspan> <tspan class="note">%s</tspan></text>`+"\n", y+14, html.EscapeString(c.what), better)
	longest := 0.0
	for _, bar := range c.bars {
		longest = max(longest, bar.value)
	}
	y += titleSpace
	for _, bar := range c.bars {
		class := "other"
		if bar.name == "Cardea" || bar.name == onPostgres {
			class = "ours"
		}
		width := 1.0 // a bar is always visible
		if longest > 0 {
			width = max(width, bar.value/longest*barsWidth)
		}
		fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="end">%s</text>`, labelWidth-8, y+13, html.EscapeString(bar.name))
		fmt.Fprintf(out, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`, class, labelWidth, y, width, barHeight)
		fmt.Fprintf(out, `<text x="%.1f" y="%d">%s%s <tspan class="note">%s</tspan></text>`+"\n",
			labelWidth+width+6, y+13, number(bar.value), c.unit, html.EscapeString(bar.note))
		y += rowHeight
	}
}
