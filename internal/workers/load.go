package workers

import "time"

// Load tells how busy a pool is. Totals count from its start.
type Load struct {
	Slots     int           // workers
	Running   int           // jobs that run now
	Waiting   int           // jobs that wait now
	Done      int64         // total of jobs that have run
	Refused   int64         // total of jobs that got ErrBusy
	Displaced int64         // refused jobs that left a full queue for others
	Waited    time.Duration // total wait of the jobs that have run
}

// Load returns how busy the pool is now.
func (p *Pool) Load() Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	load := p.load
	load.Waiting = p.queue.Len()
	return load
}
