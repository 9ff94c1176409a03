package workers

import (
	"os"
	"path/filepath"
	"testing"
)

func TestQuotaOfAContainer(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  int
	}{
		"no container":         {nil, 0},
		"no limit":             {map[string]string{"cpu.max": "max 100000\n"}, 0},
		"one CPU":              {map[string]string{"cpu.max": "100000 100000\n"}, 1},
		"half of one":          {map[string]string{"cpu.max": "50000 100000\n"}, 1},
		"two and a half":       {map[string]string{"cpu.max": "250000 100000\n"}, 3},
		"version 1, no limit":  {map[string]string{"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0},
		"version 1, one CPU":   {map[string]string{"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1},
		"something else there": {map[string]string{"cpu.max": "?\n"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range test.files {
				path := filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := quotaOf(root); got != test.want {
				t.Errorf("%d CPUs, want %d", got, test.want)
			}
		})
	}
}
