package account

import (
	"github.com/mileusna/useragent"

	"github.com/cardea-accounts/cardea/internal/text"
)

// longestAgent is how much of a User-Agent header counts, in bytes. Sessions keep as much.
const longestAgent = 256

// DeviceOf names the browser and the system of a client in words, from its User-Agent.
func DeviceOf(header string) (browser, system string) {
	ua := useragent.Parse(text.Printable(header, longestAgent))
	return ua.Name, ua.OS
}
