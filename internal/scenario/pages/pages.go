// Package pages has the scenarios of the pages that people see, in a real browser.
package pages
