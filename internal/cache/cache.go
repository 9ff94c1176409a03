// Package cache keeps what was used last in memory, within a limit.
package cache

import "github.com/maypok86/otter/v2"

// Cache is a bounded cache. It is an interface, so only the package that makes a cache
// compiles the library's code for its types. Else every package that sees the cache would,
// 4 to 14 MB each ([decision 13]).
//
// [decision 13]: ../../docs/decisions/0013-session-cache.md
type Cache[K comparable, V any] interface {
	// GetIfPresent returns the value of a key, if it is kept.
	GetIfPresent(key K) (V, bool)

	// Set keeps a value, and may let go of others for it.
	Set(key K, value V) (V, bool)

	// EstimatedSize returns how many values are kept, about.
	EstimatedSize() int
}

// New returns a cache of at most size values.
func New[K comparable, V any](size int) Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumSize: size})
}

// NewWeighed returns a cache of values that weigh at most limit in all.
func NewWeighed[K comparable, V any](limit uint64, weight func(K, V) uint32) Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumWeight: limit, Weigher: weight})
}
