package pages

import (
	"cmp"
	"maps"
	"net/http"
	"slices"

	"github.com/cardea-accounts/cardea/internal/account"
	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/media"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Form is what a page's form shows: what was typed, and what is wrong with it.
type Form struct {
	Typed    wire.Form         // passwords are never shown
	Problem  string            // with the whole form; empty: none
	Problems map[string]string // by field
	Linked   bool              // the form came with the token of a link, which failed
	Wait     int               // seconds until it can be sent again; 0: now
	WaitText string            // Wait in words, as in Problem
	prefix   string            // of the fields' ids, on a page with several forms
}

// input is how a field is shown to browsers and password managers.
type input struct {
	Type, Autocomplete string
	Label, Hint        string // keys of texts; an empty hint is none
	MinLength          int    // 0: none
	Class              string
	order              int // in the summary of problems
}

// inputs are the fields of all forms. The tokens of autocomplete are those of the HTML
// standard (https://html.spec.whatwg.org/#autofill). The shortest password is that of
// package account.
var inputs = map[string]input{
	"name":         {Type: "text", Autocomplete: "name", Label: "page.name", order: 1},
	"email":        {Type: "email", Autocomplete: "username", Label: "page.email", order: 2},
	"code":         {Type: "text", Autocomplete: "one-time-code", Label: "page.code", Hint: "page.code.hint", Class: "code", order: 3},
	"link":         {Type: "text", Autocomplete: "off", Label: "page.link", Hint: "page.link.hint", order: 4},
	"password":     {Type: "password", Autocomplete: "current-password", Label: "page.password", order: 5},
	"new_password": {Type: "password", Autocomplete: "new-password", Label: "page.new_password", Hint: "page.new_password.hint", MinLength: 8, order: 7},
	"language":     {Label: "page.language", order: 8},
	"profile_pic":  {Label: "page.picture", order: 9},

	"current_password": {Type: "password", Autocomplete: "current-password", Label: "page.current_password", order: 6},

	// The same names mean something else on some pages, see [view.FieldAs].
	"first_password": {Type: "password", Autocomplete: "new-password", Label: "page.password", Hint: "page.new_password.hint", MinLength: 8},
	"new_email":      {Type: "email", Autocomplete: "email", Label: "page.new_email", Hint: "page.new_email.hint"},
	"confirmation":   {Type: "password", Autocomplete: "current-password", Label: "page.current_password", Hint: "page.confirm.hint"},
}

// Field is a field as the template shows it.
type Field struct {
	input
	*view
	ID, Name, Value, Problem string
	IsFirst                  bool // takes the focus when the page opens
}

// Field returns a field by its name.
func (v *view) Field(name string) (Field, error) { return v.FieldAs(name, name) }

// FieldAs returns a field that is shown as another one is.
func (v *view) FieldAs(name, shown string) (Field, error) {
	in, ok := inputs[shown]
	if !ok {
		return Field{}, noField(shown)
	}
	value := v.Typed[name]
	if in.Type == "password" {
		value = ""
	}
	return Field{in, v, v.prefix + name, name, value, v.Problems[name], false}, nil
}

// First is the field that takes the focus, if there is nothing to read before it.
func (v *view) First(name string) (Field, error) {
	field, err := v.Field(name)
	field.IsFirst = v.Problem == "" && len(v.Problems) == 0 && !v.IsEnded
	return field, err
}

// Filled is a field that shows what is kept, unless something else was typed.
func (v *view) Filled(name, kept string) (Field, error) {
	field, err := v.Field(name)
	if _, isTyped := v.Typed[name]; !isTyped {
		field.Value = kept
	}
	return field, err
}

// Token is the token of a link that was sent with the form; empty once it is of no use.
func (v *view) Token() string {
	if v.Linked {
		return ""
	}
	return v.Typed["token"]
}

// Wrong are the fields with a problem, from the top of the form to its end.
func (v *view) Wrong() (fields []Field, err error) {
	names := slices.SortedFunc(maps.Keys(v.Problems), func(a, b string) int { return cmp.Compare(inputs[a].order, inputs[b].order) })
	for _, name := range names {
		f, err := v.Field(name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	return fields, nil
}

// again shows a form once more after an error, with what was typed. refine, if it is not
// nil, may put the error elsewhere.
func (p *Pages) again(r *wire.Request, page page, form wire.Form, err error, refine func(v *view)) error {
	var failed error
	r.FailAs(err, func(status int, e *guard.Error) {
		v := p.view(r)
		v.refuse(form, e)
		if refine != nil {
			refine(v)
		}
		failed = p.show(r, statusOfForm(status), page, v)
	})
	return failed
}

// statusOfForm is the status of a form that was refused. Where a call answers 403, such as to
// a wrong password, the form answers 400: it can be sent again, with something else in it.
func statusOfForm(status int) int {
	if status == http.StatusForbidden {
		return http.StatusBadRequest
	}
	return status
}

// fieldOf says which field is to blame for an error that names none; empty if none is.
func fieldOf(code string) string {
	switch code {
	case account.ErrEmailTaken.Code:
		return "email"
	case account.ErrWrongPassword.Code, account.ErrConfirm.Code:
		return "current_password"
	case media.ErrInvalidFileType.Code, "damaged_file", "image_too_large", "file_too_large", "no_file_uploaded":
		return "profile_pic"
	}
	return ""
}

// refuse shows what was typed, and an error.
func (v *view) refuse(form wire.Form, e *guard.Error) {
	v.Typed, v.Problems = form, map[string]string{}
	if field := fieldOf(e.Code); field != "" {
		v.Problems[field] = v.sentence(e)
		return
	}
	for name, problem := range e.Fields {
		v.Problems[name] = v.translate(problem)
	}
	if len(v.Problems) == 0 {
		v.note(e)
	}
}

// refuseProof says whether a link or a code was of no use, and where.
func (v *view) refuseProof() {
	if _, hasLink := v.Typed["link"]; hasLink || v.Typed["token"] != "" {
		v.Linked = v.Typed["token"] != ""
		v.Problem, _ = v.T("error.invalid_token.link")
		return
	}
	v.Problem = ""
	v.Problems["code"], _ = v.T("error.invalid_token.code")
}
