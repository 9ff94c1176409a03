package account

import "github.com/cardea-accounts/cardea/internal/guard"

// problems collects what is wrong with the fields of an input. The zero value is empty.
type problems struct{ fields map[string]string }

// note adds a problem, unless it is empty.
func (p *problems) note(field, problem string) {
	if problem == "" {
		return
	}
	if p.fields == nil {
		p.fields = map[string]string{}
	}
	p.fields[field] = problem
}

// name checks a name and returns its normal form.
func (p *problems) name(typed string) string {
	name, problem := normalName(typed)
	p.note("name", problem)
	return name
}

// email checks an e-mail address and returns it trimmed.
func (p *problems) email(typed string) string {
	email, problem := normalEmail(typed)
	p.note("email", problem)
	return email
}

// current checks that the current password is there.
func (p *problems) current(pw Password) {
	if pw == "" {
		p.note("current_password", "Enter your current password.")
	}
}

// err returns invalid_input, or nil if there are no problems.
func (p *problems) err() error { return guard.Invalid(p.fields) }
