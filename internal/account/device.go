package account

import "github.com/mileusna/useragent"

// deviceOf names the browser and the system of a client in words, from its User-Agent.
func deviceOf(header string) (browser, system string) {
	ua := useragent.Parse(header)
	return ua.Name, ua.OS
}
