package account

import (
	"slices"

	"github.com/mileusna/useragent"

	"github.com/cardea-accounts/cardea/internal/text"
)

// longestAgent is how much of a User-Agent header counts, in bytes. Sessions keep as much.
const longestAgent = 256

// What mails name. Anything else in a User-Agent is a stranger's text, which mails must not carry.
var (
	browsers = []string{
		useragent.Chrome, useragent.Edge, useragent.Firefox, useragent.Opera, useragent.OperaMini, useragent.OperaTouch,
		useragent.Safari, useragent.SamsungBrowser, useragent.Vivaldi, useragent.InternetExplorer,
	}
	systems = []string{
		useragent.Android, useragent.ChromeOS, useragent.FreeBSD, useragent.Harmony, useragent.IOS, useragent.Linux,
		useragent.MacOS, useragent.Windows,
	}
)

// deviceOf names the browser and the system of a client in words, from its User-Agent. An
// unknown one is empty.
func deviceOf(header string) (browser, system string) {
	ua := useragent.Parse(text.Printable(header, longestAgent))
	if slices.Contains(browsers, ua.Name) {
		browser = ua.Name
	}
	if slices.Contains(systems, ua.OS) {
		system = ua.OS
	}
	return browser, system
}
