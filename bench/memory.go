package main

import (
	"context"
	"time"
)

// measureMemory measures the memory of each server, idle and while it serves the hot set.
func (b *bench) measureMemory(ctx context.Context) error {
	if b.noWrk("memory") {
		return nil
	}
	idle := comparison{what: "memory, idle", unit: " MB", lessIsBetter: true}
	serving := comparison{what: "memory, serving " + count(hotSet) + " sessions", unit: " MB", lessIsBetter: true}
	for _, p := range b.peers {
		before, during, err := b.memoryOf(ctx, p)
		if err != nil {
			return err
		}
		b.progress("memory: %s %s MB idle, %s MB serving", p.Name(), number(before), number(during))
		idle.add(p.Name(), before, "")
		serving.add(p.Name(), during, "")
	}
	b.report.compare(idle)
	b.report.compare(serving)
	b.report.budget("memory, idle", "", "PocketBase "+number(idle.bars[1].value)+" MB", idle.bars[0].value, atMost(30, "MB"))
	b.report.budget("… serving the hot set", "", "PocketBase "+number(serving.bars[1].value)+" MB", serving.bars[0].value, atMost(100, "MB"))
	return nil
}

// memoryOf returns the memory of a server when it is idle and its highest memory under
// reads, in MB.
func (b *bench) memoryOf(ctx context.Context, p peer) (idle, serving float64, err error) {
	s, err := b.seeded(ctx, p, hotSet)
	if err != nil {
		return 0, 0, err
	}
	defer s.stop()
	s.settle()
	pid := s.cmd.Process.Pid
	idle = megabytes(resident(pid))
	reads, err := b.load("random", hotSet, p.Read)
	if err != nil {
		return 0, 0, err
	}
	done := make(chan error, 1)
	go func() {
		_, err := reads.send(ctx, s, readers, 2*b.seconds)
		done <- err
	}()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			return idle, serving, err
		case <-ticker.C:
			serving = max(serving, megabytes(resident(pid)))
		}
	}
}
