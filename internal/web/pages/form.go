package pages

import (
	"cmp"
	"maps"
	"slices"

	"github.com/cardea-accounts/cardea/internal/guard"
	"github.com/cardea-accounts/cardea/internal/web/wire"
)

// Form is what a page's form shows: what was typed, and what is wrong with it.
type Form struct {
	Typed    wire.Form         // passwords are never shown
	Problem  string            // with the whole form; empty: none
	Problems map[string]string // by field
	Linked   bool              // the form came with the token of a link, which failed
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
	"email":        {Type: "email", Autocomplete: "username", Label: "page.email", order: 1},
	"code":         {Type: "text", Autocomplete: "one-time-code", Label: "page.code", Hint: "page.code.hint", Class: "code", order: 2},
	"link":         {Type: "text", Autocomplete: "off", Label: "page.link", Hint: "page.link.hint", order: 3},
	"password":     {Type: "password", Autocomplete: "current-password", Label: "page.password", order: 4},
	"new_password": {Type: "password", Autocomplete: "new-password", Label: "page.new_password", Hint: "page.new_password.hint", MinLength: 8, order: 5},
}

// Field is a field as the template shows it.
type Field struct {
	input
	*view
	Name, Value, Problem string
}

// Field returns a field by its name.
func (v *view) Field(name string) (Field, error) {
	in, ok := inputs[name]
	if !ok {
		return Field{}, noField(name)
	}
	value := v.Typed[name]
	if in.Type == "password" {
		value = ""
	}
	return Field{in, v, name, value, v.Problems[name]}, nil
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
		v.Typed, v.Problems = form, map[string]string{}
		for name, problem := range e.Fields {
			v.Problems[name] = v.language.Translate(problem)
		}
		if len(v.Problems) == 0 {
			v.Problem = v.sentence(e)
		}
		if refine != nil {
			refine(v)
		}
		failed = p.show(r, status, page, v)
	})
	return failed
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
