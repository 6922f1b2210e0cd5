package spec

// The specs of Sloth and Pyrra are recognised and refused by name: their queries
// are PromQL, and only what names mesh metrics could be mapped.

func (r *reader) sloth() { r.foreign("Sloth") }

func (r *reader) slothKubernetes() { r.foreign("Sloth") }

func (r *reader) pyrra() { r.foreign("Pyrra") }

func (r *reader) foreign(maker string) {
	r.errorf("", "is a spec of %s, whose queries are not mapped yet; write openslo/v1 with a metric source of type plimsoll", maker)
}
