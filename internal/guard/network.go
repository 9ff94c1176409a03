package guard

import (
	"crypto/sha256"
	"net/netip"
	"time"

	"github.com/cardea-accounts/cardea/internal/fair"
	"github.com/cardea-accounts/cardea/internal/network"
)

// Networks returns the networks that a client belongs to, the narrowest first, see
// [network.Of].
func (c Client) Networks() []netip.Prefix { return network.Of(c.IP) }

// QueuePeriod is the [fair.Queue] period of queues for what takes long. An attacker with
// many networks can hold up others once in it, for as long as one turn of each network takes.
const QueuePeriod = 15 * time.Minute

// Flows names for whom a job waits in a queue: the networks of the client, and an account
// or something else with a name, which may be empty. The kind keeps names of different
// sorts apart. Queues are fair between flows. Unlike the counters of [Limits], flows do not
// depend on who failed before. Networks yield after their turns for a [QueuePeriod]. An
// account does not, because strangers take turns in its name.
func Flows(client Client, kind, name string) []fair.Flow {
	var flows []fair.Flow
	for i, of := range client.Networks() {
		flows = append(flows, fair.Flow{Name: hash(kind+" from", of.String()), Share: network.Share(i), Lasting: true})
	}
	if name == "" {
		return flows
	}
	return append(flows, fair.Flow{Name: hash(kind, name)})
}

// hash names something without keeping it.
func hash(kind, value string) [32]byte { return sha256.Sum256([]byte(kind + "\x00" + value)) }
