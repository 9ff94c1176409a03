package pages

import (
	"testing"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/store"
	"github.com/cardea-accounts/cardea/internal/web/wire"
	"github.com/cardea-accounts/cardea/internal/words"
	"github.com/cardea-accounts/cardea/internal/workers"
)

// The catalogues have the messages of errors that users of pages meet, as the code has them.
func TestErrorsAreInTheCatalogues(t *testing.T) {
	book, err := words.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		account.ErrEmailTaken, account.ErrUnverified, account.ErrSuspended, account.ErrAlreadyVerified, account.ErrNoMailLogin,
		guard.PublicError(workers.ErrBusy), guard.PublicError(store.ErrFull), guard.PublicError(store.ErrUnavailable), guard.Internal(nil),
		wire.ErrNoRoute, account.ErrWrongPassword, account.ErrConfirm, media.ErrInvalidFileType, media.ErrInvalidCrop,
	} {
		e := err.(*guard.Error) //nolint:errorlint // not wrapped
		for _, language := range []string{"de", "es", "fr"} {
			v := &view{language: book.Match(language), pages: &Pages{}}
			if v.sentence(e) == e.Message {
				t.Errorf("%q is not in %s", e.Message, language)
			}
		}
	}
}
