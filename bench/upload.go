package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// uploads is the number of uploads in a round. The CPU time of a single one is too close
// to the resolution of /proc.
const uploads = 3

// cost is the cost of an upload.
type cost struct {
	cpu  float64 // ms, user and system
	grew float64 // MB, the peak above the memory before
}

// measureUploads sends the same photo to each server, until a picture of 512×512 pixels
// can be shown.
func (b *bench) measureUploads(ctx context.Context) error {
	var galleries []gallery
	for _, p := range b.peers {
		if g, ok := p.(gallery); ok {
			galleries = append(galleries, g)
		}
	}
	costs := make([][]cost, len(galleries))
	var vips []cost
	withVips := missing("vipsthumbnail") == ""
	if !withVips {
		b.skip("the upload against vipsthumbnail: libvips-tools is not installed")
	}
	for round := range b.rounds {
		for i, p := range galleries {
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
	b.reportUploads(galleries, costs, vips)
	return nil
}

// uploadOnce measures uploads to a newly started server, so its peak memory comes from
// them.
func (b *bench) uploadOnce(ctx context.Context, p gallery) (c cost, err error) {
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
	for user := range uploads {
		if err := p.SetPicture(client, user, b.photo); err != nil {
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

// vipsOnce makes a crop with libvips, in a process of its own.
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
	// Sampled, because the peak that wait(2) reports includes the memory of the parent.
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			c.cpu = ms(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
			return c, err
		case <-ticker.C:
			c.grew = max(c.grew, megabytes(peak(cmd.Process.Pid)))
		}
	}
}

func (b *bench) reportUploads(galleries []gallery, costs [][]cost, vips []cost) {
	notes := map[string]string{"PocketBase": "with the first request of a 512×512 thumbnail", "Flask": "stored as it is", onPostgres: "without the CPU time of PostgreSQL and the S3 server"}
	cpu := comparison{what: fmt.Sprintf("upload of a photo, 12 megapixels, %.1f MB: CPU", megabytes(int64(len(b.photo)))), unit: " ms", lessIsBetter: true}
	memory := comparison{what: "… and memory above idle", unit: " MB", lessIsBetter: true}
	for i, p := range galleries {
		cpu.add(p.Name(), median(cpuOf(costs[i])), notes[p.Name()])
		memory.add(p.Name(), median(grewOf(costs[i])), "")
	}
	ours := median(cpuOf(costs[0]))
	if len(vips) > 0 {
		cpu.add("vipsthumbnail", median(cpuOf(vips)), "a 512×512 crop, in C; reads only the needed part of a JPEG")
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
