package workers_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cardea-accounts/cardea/internal/workers"
)

// Workers, and no other threads, have a low priority. Their threads end with the pool.
func TestThreads(t *testing.T) {
	const size = 3
	if own := niceOf(t, "/proc/self/stat"); own > 18 {
		t.Skipf("the process has niceness %d, there is no lower priority", own)
	}
	p := newPool(t, workers.Limits{Workers: size, Waiting: 10, Wait: time.Minute})
	ran := make(chan string, size)
	var all, together sync.WaitGroup
	together.Add(size)
	for range size {
		all.Go(func() {
			err := p.Do(t.Context(), workers.Job{}, func() {
				together.Done()
				together.Wait() // so each job has its own worker
				ran <- threadOf(t)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var busy sync.WaitGroup // makes Go start more threads
	for range 50 {
		busy.Go(func() {
			if _, err := os.ReadFile("/proc/self/stat"); err != nil {
				t.Error(err)
			}
		})
	}
	busy.Wait()
	threads := niced(t)
	if len(threads) != size {
		t.Errorf("threads of low priority: %v, want %d", threads, size)
	}
	for range size {
		if thread := <-ran; !threads[thread] {
			t.Errorf("a job ran on thread %s; threads of low priority: %v", thread, threads)
		}
	}
	p.Close()
	for begun := time.Now(); len(niced(t)) > 0; { // the kernel ends threads a moment later
		if time.Since(begun) > 10*time.Second {
			t.Fatalf("the closed pool still has threads: %v", niced(t))
		}
	}
}

// threadOf returns the thread of its caller.
func threadOf(t *testing.T) string {
	link, err := os.Readlink("/proc/thread-self") // {pid}/task/{tid}
	if err != nil {
		t.Error(err)
	}
	return filepath.Base(link)
}

// niced returns the threads whose niceness is one more than that of the process.
func niced(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil {
		t.Fatal(err)
	}
	own := niceOf(t, "/proc/self/stat")
	threads := map[string]bool{}
	for _, file := range files {
		switch niceOf(t, file) {
		case own + 1:
			threads[filepath.Base(filepath.Dir(file))] = true
		case own, ended:
		default:
			t.Errorf("%s: not the niceness of the process nor that of a worker", file)
		}
	}
	return threads
}

const ended = 99

// niceOf reads a niceness; see proc_pid_stat(5).
func niceOf(t *testing.T, file string) int {
	t.Helper()
	stat, err := os.ReadFile(file)
	if err != nil {
		return ended
	}
	_, fields, _ := strings.Cut(string(stat), ") ") // behind the name
	nice, err := strconv.Atoi(strings.Fields(fields)[16])
	if err != nil {
		t.Fatal(err)
	}
	return nice
}
