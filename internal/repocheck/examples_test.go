package repocheck

import (
	"regexp"
	"strings"
	"testing"
)

var exampleBlock = regexp.MustCompile("(?s)\\n\\[(examples/[^\\]]+)\\]\\([^)]+\\):\\n\\n```\\w*\\n(.*?)```\\n")

// A block of code after the name of an example's file is that file.
func TestBlocksAreTheExamples(t *testing.T) {
	found := 0
	for _, page := range documents(t) {
		text := readText(t, page)
		for _, block := range exampleBlock.FindAllStringSubmatch(text, -1) {
			found++
			if readText(t, block[1]) != block[2] {
				t.Errorf("%s does not show %s as it is", page, block[1])
			}
		}
		if n := strings.Count(text, "\n[examples/"); n != len(exampleBlock.FindAllString(text, -1)) {
			t.Errorf("%s: not every file of an example has its block after it", page)
		}
	}
	if found == 0 {
		t.Error("no page shows an example")
	}
}
