package postgres

// SharedFolder is the folder of the server that all tests share.
func SharedFolder() string { return sharedRuns.folder }

// StartOnPortOf starts a stopped server on the port of another one.
func (s *Server) StartOnPortOf(other *Server) error {
	s.c.port = other.c.port
	return s.c.startOnPort()
}
