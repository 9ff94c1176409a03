// Package proxies has the scenarios behind real proxies, with their configuration from the
// documentation.
package proxies
