// Package repocheck tests the repository itself: which package may import which, that
// documents name only what exists, and the limits on the length of files and pages.
package repocheck
