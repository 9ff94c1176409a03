package s3

import "time"

// NewTimed returns a store with short time limits.
func NewTimed(at Address, call, stall time.Duration) (*Bucket, error) {
	return newBucket(at, call, stall)
}
