package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What nats-server has and this server has not yet. A key that guards access is refused, because a server without the
// guard would be open; any other is switched off with a warning. A value that switches the feature off anyway (false,
// an empty string, map or list) is neither.

// refused is the key of a guard that is not built.
func refused[T any](r *reader, _ *T, v value) {
	if !inert(v.v) {
		r.fail(v.at, "%s: not built yet, and it guards access: a server without it does not start", v.key)
	}
}

// off is the key of a feature that is not built. The keys below it are checked against names.
func off[T any](names tree) set[T] {
	return func(r *reader, _ *T, v value) {
		if names != nil {
			r.check(v, names)
		}
		if !inert(v.v) {
			r.off(v.key)
		}
	}
}

// block is off, for a key whose value must be a map.
func block(names tree) set[Options] {
	return func(r *reader, o *Options, v value) {
		if _, ok := v.v.(map[string]any); !ok {
			r.fail(v.at, "Expected map to define %s, got %s", v.key, kind(v.v))
			return
		}
		off[Options](names)(r, o, v)
	}
}

// accepted is a key that changes nothing that a client of this server could see.
func accepted[T any](*reader, *T, value) {}

func (r *reader) off(key string) { r.warn(NotBuilt(key)) }

// NotBuilt is the warning for a feature that is switched off because it is not built.
func NotBuilt(key string) string { return fmt.Sprintf("%s: not built yet, switched off", key) }

// inert reports whether v asks for nothing.
func inert(v any) bool {
	switch x := v.(type) {
	case bool:
		return !x
	case string:
		return x == "" || strings.EqualFold(x, "disabled") || strings.EqualFold(x, "disable")
	case map[string]any:
		return len(x) == 0
	case []any:
		return len(x) == 0
	}
	return false
}

func setJetStream(r *reader, o *Options, v value) {
	if s, ok := v.v.(string); ok && !inert(v.v) && !strings.EqualFold(s, "enabled") && !strings.EqualFold(s, "enable") {
		r.fail(v.at, "Expected 'enabled' or 'disabled' for string value of %s", v.key)
		return
	}
	off[Options](jetStreamNames)(r, o, v)
}

// setWriteTimeout accepts the policy that this server has: a client that does not read in time is closed.
func setWriteTimeout(r *reader, _ *Options, v value) {
	s, ok := r.text(v)
	switch {
	case !ok:
	case s == "retry":
		r.off(v.key + ": retry")
	case s != "default" && s != "close":
		r.fail(v.at, "%s must be 'default', 'close' or 'retry'", v.key)
	}
}

// tree holds the names that may stand in a block, and the names below them: nil means that anything may.
type tree map[string]tree

// check reports the unknown keys in v, which is a block or a list of blocks.
func (r *reader) check(v value, names tree) {
	switch v.v.(type) {
	case map[string]any:
		for _, m := range r.members(v) {
			below, ok := names[strings.ToLower(m.key)]
			if !ok {
				r.unknown(m)
			} else if below != nil {
				r.check(m, below)
			}
		}
	case []any:
		items, _ := r.items(v)
		for _, item := range items {
			if _, ok := item.v.(map[string]any); ok {
				r.check(item, names)
			}
		}
	}
}

// leaves is a tree of names without names below them.
func leaves(names string) tree {
	t := make(tree)
	for name := range strings.FieldsSeq(names) {
		t[name] = nil
	}
	return t
}

// with is t and the blocks.
func (t tree) with(blocks tree) tree {
	maps.Copy(t, blocks)
	return t
}

// namesOf is the tree of a table that this server reads.
func namesOf[T any](t table[T], more string) tree {
	return leaves(strings.Join(slices.Collect(maps.Keys(t)), " ") + " " + more)
}

var (
	tlsNames         = namesOf(tlsKeys, "")
	authNames        = namesOf(authKeys, "nkey account")
	compressionNames = leaves("mode rtt_thresholds thresholds rtts rtt")

	clusterNames = leaves(`name listen port host net routes cluster_advertise advertise no_advertise connect_retries
		connect_backoff permissions pool_size accounts ping_interval ping_max write_deadline write_timeout`).with(tree{
		"authorization": authNames,
		"tls":           tlsNames,
		"compression":   compressionNames,
	})

	gatewayNames = leaves(`name listen port host net advertise connect_retries connect_backoff reject_unknown
		reject_unknown_cluster write_deadline write_timeout`).with(tree{
		"authorization": authNames,
		"tls":           tlsNames,
		"gateways":      leaves("name url urls").with(tree{"tls": tlsNames}),
	})

	leafNames = leaves(`listen port host net reconnect reconnect_delay reconnect_interval dial_timeout leafnode_advertise
		advertise no_advertise min_version minimum_version isolate_leafnode_interest isolate write_deadline
		write_timeout`).with(tree{
		"authorization": authNames,
		"tls":           tlsNames,
		"compression":   compressionNames,
		"remotes":       remoteNames,
	})

	remoteNames = leaves(`no_randomize dont_randomize url urls account local creds credentials nkey seed hub deny_imports
		deny_import deny_exports deny_export ws_compress ws_compression websocket_compress websocket_compression
		ws_no_masking websocket_no_masking jetstream_cluster_migrate js_cluster_migrate isolate_leafnode_interest isolate
		request_isolation first_info_timeout dial_timeout disabled ignore_discovered_servers`).with(tree{
		"tls":         tlsNames,
		"compression": compressionNames,
		"proxy":       leaves("url username password timeout").with(tree{"tls": tlsNames}),
	})

	mqttNames = leaves(`listen port host net no_auth_user ack_wait ackwait js_api_timeout api_timeout max_ack_pending
		max_pending max_inflight js_domain stream_replicas consumer_replicas consumer_memory_storage
		consumer_inactive_threshold consumer_auto_cleanup reject_qos2_publish downgrade_qos2_subscribe`).with(tree{
		"tls":            tlsNames,
		"authorization":  namesOf(simpleAuthKeys, ""),
		"authentication": namesOf(simpleAuthKeys, ""),
	})

	jetStreamNames = leaves(`strict store store_dir storedir sync sync_interval max_memory_store max_mem_store max_mem
		max_file_store max_file domain enable enabled key ek encryption_key prev_key prev_ek prev_encryption_key cipher
		extension_hint unique_tag max_outstanding_catchup max_buffered_size max_buffered_msgs request_queue_limit
		info_queue_limit meta_compact meta_compact_size meta_compact_sync max_concurrent_io`).with(tree{
		"limits": leaves(`max_ack_pending max_ha_assets max_request_batch default_max_consumers duplicate_window`).with(tree{
			"batch": leaves("max_inflight_per_stream max_inflight_total max_msgs timeout"),
		}),
		"tpm": leaves("keys_file encryption_password srk_password pcr cipher"),
	})
)
