package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The least limit counts, of the own group and of those above, in both versions.
func TestMemoryLimit(t *testing.T) {
	for name, c := range map[string]struct {
		self  string
		files map[string]string
		want  int64
	}{
		"none":                        {"0::/\n", nil, 0},
		"no limit":                    {"0::/\n", map[string]string{"memory.max": "max\n"}, 0},
		"inside a container":          {"0::/\n", map[string]string{"memory.max": "134217728\n"}, 128 << 20},
		"a service":                   {"0::/system.slice/c.service\n", map[string]string{"system.slice/c.service/memory.max": "268435456\n"}, 256 << 20},
		"less above":                  {"0::/a/b\n", map[string]string{"a/memory.max": "1000000\n", "a/b/memory.max": "2000000\n"}, 1_000_000},
		"version 1":                   {"5:cpu,memory:/x\n3:cpuset:/\n", map[string]string{"memory/x/memory.limit_in_bytes": "5000000\n"}, 5_000_000},
		"version 1 without a limit":   {"5:memory:/\n", map[string]string{"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		"a path outside of the mount": {"0::/docker/abc\n", map[string]string{"memory.max": "7000000\n"}, 7_000_000},
		"not a number":                {"0::/\n", map[string]string{"memory.max": "-5 lots\n"}, 0},
	} {
		root := t.TempDir()
		self := writeFile(t, filepath.Join(root, "self"), []byte(c.self))
		for file, text := range c.files {
			path := filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, []byte(text))
		}
		if got := memoryLimit(root, self); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if got := memoryLimit(t.TempDir(), "/nowhere"); got != 0 {
		t.Errorf("without control groups: %d", got)
	}
}
