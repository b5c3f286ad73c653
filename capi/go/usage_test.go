package costmark

import (
	"reflect"
	"testing"
)

func TestAProjectIsTheSumOfItsModels(t *testing.T) {
	a, b := Totals{Project: "proj_a", Model: "m1"}, Totals{Project: "proj_a", Model: "m2"}
	want := Totals{Project: "proj_a"}
	for i := range reflect.TypeFor[Totals]().NumField() {
		if field := reflect.ValueOf(&a).Elem().Field(i); field.Kind() == reflect.Uint64 {
			field.SetUint(uint64(i))
			reflect.ValueOf(&b).Elem().Field(i).SetUint(100)
			reflect.ValueOf(&want).Elem().Field(i).SetUint(uint64(i) + 100)
		}
	}
	report := UsageReport{a, b, {Project: "proj_b", Attempts: 1}, {Project: "proj_a", Attempts: 1, Overflow: true}}
	if sum := report.Project("proj_a"); sum != want {
		t.Errorf("%+v, not %+v", sum, want)
	}
}
