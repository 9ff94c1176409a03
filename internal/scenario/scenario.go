// Package scenario tests Cardea over HTTP, as its users call it. Each file tells what
// users and apps rely on in one area, against a real server on a temporary folder.
package scenario
