package config

import (
	"weir/internal/auth"
	"weir/internal/conf"
)

// The keys of the block of proxies that may vouch for clients (catalogue §6.6), and those of one of them.
var (
	proxiesKeys = conf.Table[Options]{"trusted": setTrusted}
	proxyKeys   = conf.Table[string]{"key public_key": setProxyKey}.Split()
)

func setProxies(r *conf.Reader, o *Options, v conf.Value) { conf.Read(r, v, proxiesKeys, o) }

func setTrusted(r *conf.Reader, o *Options, v conf.Value) {
	items, _ := r.Items(v)
	for _, item := range items {
		var key string
		before := len(r.Errors)
		conf.Read(r, item, proxyKeys, &key)
		if key == "" && len(r.Errors) == before {
			r.Fail(r.Start(item), "%v", auth.CheckProxyKey(key))
		}
		o.ProxyKeys = append(o.ProxyKeys, key)
	}
}

func setProxyKey(r *conf.Reader, key *string, v conf.Value) {
	s, ok := r.Text(v)
	if !ok {
		return
	}
	if err := auth.CheckProxyKey(s); err != nil {
		r.Fail(v.At, "%v", err)
	}
	*key = s
}

// validateProxies checks the keys of a program; those of a file were checked where they were read.
func validateProxies(keys []string) error {
	_, err := auth.TrustProxies(keys)
	return err
}
