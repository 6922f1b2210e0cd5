package schema

import "errors"

// Validate tells whether Migrate would take the options, without a store.
func (o Options) Validate() error {
	_, retention := o.retention()
	_, share := o.share()
	return errors.Join(retention, share)
}
