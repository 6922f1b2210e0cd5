package burn

import "time"

const s, m, h = time.Second, time.Minute, time.Hour
