package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// uploads is how many a round has: one costs about as much as /proc can tell to a few percent.
const uploads = 3

// cost is what an upload costs a server.
type cost struct {
	cpu  float64 // ms, user and system
	grew float64 // MB, the peak above what it had before
}

// measureUploads: the same photo to each, until a picture of 512×512 is there to be shown.
func (b *bench) measureUploads(ctx context.Context) error {
	costs := make([][]cost, len(b.peers))
	var vips []cost
	withVips := missing("vipsthumbnail") == ""
	if !withVips {
		b.skip("the upload against vipsthumbnail: libvips-tools is not installed")
	}
	for round := range b.rounds {
		for i, p := range b.peers {
			c, err := b.uploadOnce(ctx, p)
			if err != nil {
				return err
			}
			costs[i] = append(costs[i], c)
			b.progress("upload, round %d of %d: %s %s ms, %s MB more", round+1, b.rounds, p.Name(), number(c.cpu), number(c.grew))
		}
		if withVips {
			c, err := b.vipsOnce(ctx)
			if err != nil {
				return err
			}
			vips = append(vips, c)
			b.progress("upload, round %d of %d: vipsthumbnail %s ms, %s MB", round+1, b.rounds, number(c.cpu), number(c.grew))
		}
	}
	b.reportUploads(costs, vips)
	return nil
}

// uploadOnce starts a server anew, so that its peak is that of uploads, one after another.
func (b *bench) uploadOnce(ctx context.Context, p peer) (c cost, err error) {
	s, err := b.seeded(ctx, p, uploads)
	if err != nil {
		return c, err
	}
	defer s.stop()
	s.settle()
	client, err := dial(ctx, s.address)
	if err != nil {
		return c, err
	}
	defer func() { client.close() }()
	var before int64
	for _, pid := range family(s.cmd.Process.Pid) {
		if err := resetPeak(pid); err != nil {
			return c, err
		}
		before = max(before, peak(pid))
	}
	spent := cpuTime(s.cmd.Process.Pid)
	for person := range uploads {
		if err := p.SetPicture(client, person, b.photo); err != nil {
			return c, s.failed(err)
		}
		client.close()
		if client, err = dial(ctx, s.address); err != nil { // some close the connection
			return c, err
		}
	}
	s.settle()
	c.cpu = ms(cpuTime(s.cmd.Process.Pid)-spent) / uploads
	var after int64
	for _, pid := range family(s.cmd.Process.Pid) {
		after = max(after, peak(pid))
	}
	c.grew = megabytes(after - before)
	return c, nil
}

// vipsOnce makes a crop with libvips: a whole process, which does nothing else.
func (b *bench) vipsOnce(ctx context.Context) (c cost, err error) {
	file := filepath.Join(b.dir, "photo.jpg")
	if err := os.WriteFile(file, b.photo, 0o600); err != nil {
		return c, err
	}
	cmd := exec.CommandContext(ctx, "vipsthumbnail", file, "--size", "512x512", "--smartcrop", "centre", "--output", filepath.Join(b.dir, "crop.jpg")) //nolint:gosec // our own file
	if err := cmd.Start(); err != nil {
		return c, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	// By looking, since what wait(2) tells of a process counts what its parent had before it.
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-done:
			c.cpu = ms(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
			return c, err
		case <-look.C:
			c.grew = max(c.grew, megabytes(peak(cmd.Process.Pid)))
		}
	}
}

func (b *bench) reportUploads(costs [][]cost, vips []cost) {
	notes := map[string]string{"PocketBase": "with the first request of a 512×512 thumbnail", "Flask": "stored as it came"}
	cpu := comparison{what: fmt.Sprintf("upload of a photo, 12 megapixels, %.1f MB: CPU", megabytes(int64(len(b.photo)))), unit: " ms", lessIsBetter: true}
	memory := comparison{what: "… and memory above idle", unit: " MB", lessIsBetter: true}
	for i, p := range b.peers {
		cpu.add(p.Name(), median(cpuOf(costs[i])), notes[p.Name()])
		memory.add(p.Name(), median(grewOf(costs[i])), "")
	}
	ours := median(cpuOf(costs[0]))
	if len(vips) > 0 {
		cpu.add("vipsthumbnail", median(cpuOf(vips)), "a 512×512 crop, in C; reads no more of a JPEG than it needs")
		memory.add("vipsthumbnail", median(grewOf(vips)), "whole process")
		b.report.budget("12-megapixel JPEG upload, CPU", number(ours)+" ms", "vipsthumbnail "+number(median(cpuOf(vips)))+" ms",
			median(ratios(cpuOf(costs[0]), cpuOf(vips))), atMost(2.5, "×"))
	}
	b.report.budget("… and memory above idle", "", "PocketBase "+number(median(grewOf(costs[1])))+" MB", median(grewOf(costs[0])), atMost(64, "MB"))
	b.report.compare(cpu)
	b.report.compare(memory)
}

func cpuOf(costs []cost) []float64 {
	out := make([]float64, len(costs))
	for i, c := range costs {
		out[i] = c.cpu
	}
	return out
}

func grewOf(costs []cost) []float64 {
	out := make([]float64, len(costs))
	for i, c := range costs {
		out[i] = c.grew
	}
	return out
}
