package doctor

import "time"

func init() { pause = 30 * time.Millisecond } // servers of tests answer sooner
