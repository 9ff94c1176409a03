package store_test

import (
	"testing"

	testpostgres "github.com/cardea-accounts/cardea/internal/testkit/postgres"
)

func TestMain(m *testing.M) { testpostgres.Main(m) }
