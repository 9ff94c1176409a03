package pages

import "testing"

// What a visitor loads stays small: scripts under 10 KiB in all, the style sheet under 14 KiB.
func TestAssetsAreSmall(t *testing.T) {
	all := newAssets(Looks{})
	scripts := 0
	for _, name := range []string{"page.js", "account.js", "crop.js"} {
		if len(all[name].data) == 0 {
			t.Errorf("no %s", name)
		}
		scripts += len(all[name].data)
	}
	if scripts > 10<<10 {
		t.Errorf("the scripts have %d bytes", scripts)
	}
	if n := len(all["cardea.css"].data); n > 14<<10 {
		t.Errorf("the style sheet has %d bytes", n)
	}
}
