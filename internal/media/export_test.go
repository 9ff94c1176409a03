package media

import "github.com/cardea-accounts/cardea/internal/workers"

// Decoding returns the pool that decodes pictures. Tests keep its workers busy.
func (p *Pictures) Decoding() *workers.Pool { return p.decoding }

// RowsInMemory returns how many rows are kept for serving.
func (p *Pictures) RowsInMemory() int { return p.rows.entries.EstimatedSize() }

// Held returns how many bytes of pictures are held in memory for clients.
func (p *Pictures) Held() int64 { return p.held.Load() }

// MostHeld is the most of them.
const MostHeld = mostHeld

// CropBatch is how many pictures one sweep makes crops of.
const CropBatch = cropBatch
