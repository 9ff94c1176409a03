package picture

import "fmt"

// minShare is the share of its pixels that a damaged picture must have. The rest, at most
// a strip at the lower edge of most pictures, is made up.
const minShare = 0.9

// enough fails if a damaged picture has too small a share of its pixels.
func enough(share float64) error {
	if share < minShare {
		return fmt.Errorf("only %.0f %% of the pixels can be read", 100*share)
	}
	return nil
}
