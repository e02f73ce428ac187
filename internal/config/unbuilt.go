package config

import (
	"maps"
	"slices"
	"strings"

	"weir/internal/authfile"
	"weir/internal/conf"
	"weir/internal/tlsfile"
)

// What nats-server has and this server has not yet is switched off with a warning. A value that switches the feature off
// anyway (false, an empty string, map or list) is not worth one.

// off is the key of a feature that is not built. The keys below it are checked against names.
func off[T any](names tree) conf.Set[T] {
	return func(r *conf.Reader, _ *T, v conf.Value) {
		if names != nil {
			checkNames(r, v, names)
		}
		if !inert(v.V) {
			r.NotBuilt(v.Key)
		}
	}
}

// block is off, for a key whose value must be a map.
func block(names tree) conf.Set[Options] {
	return func(r *conf.Reader, o *Options, v conf.Value) {
		if _, ok := v.V.(map[string]any); !ok {
			r.Fail(v.At, "Expected map to define %s, got %s", v.Key, conf.Kind(v.V))
			return
		}
		off[Options](names)(r, o, v)
	}
}

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

func setJetStream(r *conf.Reader, o *Options, v conf.Value) {
	if s, ok := v.V.(string); ok && !inert(v.V) && !strings.EqualFold(s, "enabled") && !strings.EqualFold(s, "enable") {
		r.Fail(v.At, "Expected 'enabled' or 'disabled' for string value of %s", v.Key)
		return
	}
	off[Options](jetStreamNames)(r, o, v)
}

// tree holds the names that may stand in a block, and the names below them: nil means that anything may.
type tree map[string]tree

// checkNames reports the unknown keys in v, which is a block or a list of blocks.
func checkNames(r *conf.Reader, v conf.Value, names tree) {
	switch v.V.(type) {
	case map[string]any:
		for _, m := range r.Members(v) {
			below, ok := names[strings.ToLower(m.Key)]
			if !ok {
				r.Unknown(m)
			} else if below != nil {
				checkNames(r, m, below)
			}
		}
	case []any:
		items, _ := r.Items(v)
		for _, item := range items {
			if _, ok := item.V.(map[string]any); ok {
				checkNames(r, item, names)
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
func namesOf[T any](t conf.Table[T], more string) tree {
	return leaves(strings.Join(slices.Collect(maps.Keys(t)), " ") + " " + more)
}

var (
	tlsNames         = namesOf(tlsfile.Keys, "")
	authNames        = namesOf(authfile.Keys, "nkey account")
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
		"authorization":  namesOf(authfile.SimpleKeys, ""),
		"authentication": namesOf(authfile.SimpleKeys, ""),
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
