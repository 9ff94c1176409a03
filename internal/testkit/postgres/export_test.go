package postgres

// SharedFolder is the folder of the server that all tests share.
func SharedFolder() string { return sharedRuns.folder }
