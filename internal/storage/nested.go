package storage

import "github.com/cardea-accounts/cardea/internal/blob/s3"

// AreNestedBuckets reports whether the pictures of one storage lie below the prefix of the other,
// in one bucket. It is false if one of them is a folder.
func AreNestedBuckets(a, b string) bool {
	x, errX := s3.Parse(a)
	y, errY := s3.Parse(b)
	return errX == nil && errY == nil && (x.Contains(y) || y.Contains(x))
}

// IsSameBucketPrefix reports whether two storages are the same prefix of one bucket.
func IsSameBucketPrefix(a, b string) bool {
	x, errX := s3.Parse(a)
	y, errY := s3.Parse(b)
	return errX == nil && errY == nil && x.Contains(y) && y.Contains(x)
}
