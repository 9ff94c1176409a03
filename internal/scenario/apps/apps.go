// Package apps has the scenarios of apps in front of Cardea: the programs in examples/, run
// for real.
package apps
