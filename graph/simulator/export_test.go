package simulator

// Routes returns every operation as "service METHOD pattern".
func (s *Simulator) Routes() []string {
	var all []string
	for _, v := range s.services {
		for _, r := range v.routes {
			all = append(all, v.name+" "+r.method+" "+r.pattern)
		}
	}
	return all
}
