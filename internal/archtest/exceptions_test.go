package archtest

import (
	"slices"
	"testing"
)

// exception lets one named thing break one rule, for a reason. limit is the size it may have instead of the rule's own;
// rules that measure nothing leave it 0.
type exception struct {
	rule, name string
	limit      int
	reason     string
}

// exceptions is the whole list. An entry that is not needed fails the test.
var exceptions = []exception{}

// settle divides the findings of one rule into those that stand, and gives back the exceptions that no finding needed.
func settle(rule string, found []finding, allowed []exception) (left []finding, stale []exception) {
	used := make([]bool, len(allowed))
	for _, f := range found {
		i := slices.IndexFunc(allowed, func(e exception) bool { return e.rule == rule && e.name == f.name })
		if i < 0 {
			left = append(left, f)
			continue
		}
		used[i] = true
		if f.size > allowed[i].limit {
			left = append(left, f)
		}
	}
	for i, e := range allowed {
		if e.rule == rule && !used[i] {
			stale = append(stale, e)
		}
	}
	return left, stale
}

func TestExceptionsAreComplete(t *testing.T) {
	for _, e := range exceptions {
		if e.name == "" || e.reason == "" {
			t.Errorf("exception %+v needs a name and a reason", e)
		}
		if !slices.Contains(rules, e.rule) {
			t.Errorf("exception %q is for an unknown rule %q", e.name, e.rule)
		}
	}
}

// rules are the names an exception may give.
var rules = []string{
	ruleFloors, ruleCodec, ruleTesting, ruleCard, ruleNames, ruleSleep, rulePath,
	ruleFile, ruleFunction, ruleStruct, ruleInterface, ruleRoom,
}

func TestSettle(t *testing.T) {
	found := []finding{{name: "a", size: 90}, {name: "b", size: 90}, {name: "c"}}
	allowed := []exception{
		{rule: "r", name: "a", limit: 100},
		{rule: "r", name: "b", limit: 85},
		{rule: "r", name: "gone", limit: 100},
		{rule: "other", name: "c"},
	}
	left, stale := settle("r", found, allowed)
	if len(left) != 2 || left[0].name != "b" || left[1].name != "c" {
		t.Errorf("left over: %v, want b, above its own limit, and c, excepted for another rule only", left)
	}
	if len(stale) != 1 || stale[0].name != "gone" {
		t.Errorf("no longer needed: %v, want gone", stale)
	}
}
