package costmark

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"time"
	"unsafe"
)

// A ProjectPlane is where AWS keeps projects. Whether a project of one plane exists on the other is not
// known.
type ProjectPlane int32

// The planes.
const (
	PlaneAuto    ProjectPlane = 0 // that of the endpoint of the options
	PlaneMantle  ProjectPlane = 1 // bedrock-mantle hosts
	PlaneBedrock ProjectPlane = 2 // Bedrock's control plane, as the AWS SDKs speak to it
)

// String is "auto", "mantle" or "bedrock".
func (p ProjectPlane) String() string {
	switch p {
	case PlaneMantle:
		return "mantle"
	case PlaneBedrock:
		return "bedrock"
	default:
		return "auto"
	}
}

// A Project is a project as the service shows it.
type Project struct {
	ID            string
	ARN           string
	Name          string // not unique
	Status        string // "active", "archived"
	DataRetention string // "inherit", "none", ...; empty where it is not known
	Account       string // of the ARN
	Region        string // of the ARN
	Plane         ProjectPlane
	Created       time.Time
	Archived      time.Time         // zero: it is not
	Tags          map[string]string // nil where the answer does not say; Projects.Tags asks
}

// Projects are those of one account in one region, on one plane: it creates, lists, tags and archives
// them. It is safe for use by many goroutines at once. Each call blocks for its exchanges, and ends when its
// context is done.
//
// A call names a project by its id or its ARN. Names and tags are checked before anything is sent: a name has
// 1 to 127 characters; a project at most 50 tags. What the service throttles is tried again for about a
// minute.
//
// Errors: ErrInvalidProject for a project that does not exist, or that is archived and cannot be changed;
// ErrInvalidArgument for what the service refuses as invalid; ErrThrottled; ErrEndpointMismatch where there
// is no Projects API; ErrUnusableCredentials when the service does not accept them; ErrService for anything
// else, such as a permission that is missing; those of credentials and of the network.
type Projects struct {
	core *projectsCore
}

type projectsCore struct {
	users
	projects *C.costmark_projects
	hooks    *hooks
}

// NewProjects opens the Projects API of the endpoint that the options name, or AWS's own host. It sends
// nothing. Errors are those of New.
func NewProjects(plane ProjectPlane, options ...Option) (*Projects, error) {
	building, err := configure(options)
	if err != nil {
		return nil, err
	}
	defer building.free()
	core := &projectsCore{hooks: building.hooks}
	core.end = func() { C.costmark_projects_free(core.projects) }
	var failure *C.costmark_error
	status := C.costmark_projects_new(building.config, C.costmark_project_plane(plane), &core.projects, &failure)
	if status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	projects := &Projects{core}
	runtime.AddCleanup(projects, func(core *projectsCore) { core.close() }, core)
	return projects, nil
}

// Close frees what it holds. Calls that are running finish; later ones return ErrClosed.
func (p *Projects) Close() error {
	if p != nil && p.core != nil {
		p.core.close()
	}
	return nil
}

// Plane is the plane that is asked.
func (p *Projects) Plane() ProjectPlane {
	core, err := p.use()
	if err != nil {
		return PlaneAuto
	}
	defer core.release()
	place := C.costmark_projects_place{struct_size: C.sizeof_costmark_projects_place}
	C.costmark_projects_read_place(core.projects, &place)
	return ProjectPlane(place.plane)
}

// Create makes a project, one more with each call: names are not unique. It is tried again when the service
// throttles, and not when it fails: whether it has made the project is not known then.
func (p *Projects) Create(ctx context.Context, name string, tags map[string]string) (Project, error) {
	return p.one(ctx, C.CMGO_PROJECTS_CREATE, "", func(call *C.cmgo_projects_call, pins *pins) {
		call.change.name = pins.present(name)
		call.change.tags, call.change.tag_count = pins.tags(tags)
	})
}

// Get reads a project.
func (p *Projects) Get(ctx context.Context, project string) (Project, error) {
	return p.one(ctx, C.CMGO_PROJECTS_GET, project, nil)
}

// List reads all projects, in the order of the service. A service that repeats a page is an ErrService.
func (p *Projects) List(ctx context.Context, withArchived bool) ([]Project, error) {
	return p.run(ctx, C.CMGO_PROJECTS_LIST, "", func(call *C.cmgo_projects_call, _ *pins) {
		if withArchived {
			call.with_archived = 1
		}
	})
}

// Rename gives a project another name; its id stays.
func (p *Projects) Rename(ctx context.Context, project, name string) (Project, error) {
	return p.one(ctx, C.CMGO_PROJECTS_UPDATE, project, func(call *C.cmgo_projects_call, pins *pins) {
		call.change.name = pins.present(name)
	})
}

// SetDataRetention sets the mode: "inherit", "none", "default" or another one that AWS has.
func (p *Projects) SetDataRetention(ctx context.Context, project, mode string) (Project, error) {
	return p.one(ctx, C.CMGO_PROJECTS_UPDATE, project, func(call *C.cmgo_projects_call, pins *pins) {
		call.change.data_retention = pins.present(mode)
	})
}

// Archive archives a project, which is for ever. Archiving it again changes nothing.
func (p *Projects) Archive(ctx context.Context, project string) (Project, error) {
	return p.one(ctx, C.CMGO_PROJECTS_ARCHIVE, project, nil)
}

// Tags reads the tags of a project. On the bedrock plane an id costs one exchange more than an ARN, here and
// where tags are changed.
func (p *Projects) Tags(ctx context.Context, project string) (map[string]string, error) {
	found, err := p.one(ctx, C.CMGO_PROJECTS_READ_TAGS, project, nil)
	return found.Tags, err
}

// AddTags adds tags, and overwrites the values of keys that the project has.
func (p *Projects) AddTags(ctx context.Context, project string, tags map[string]string) error {
	return p.changeTags(ctx, C.CMGO_PROJECTS_ADD_TAGS, project, tags)
}

// SetTags gives a project exactly these tags; those of AWS ("aws:...") stay. It overwrites, then removes, then
// adds. When it fails halfway, the same call finishes the work.
func (p *Projects) SetTags(ctx context.Context, project string, tags map[string]string) error {
	return p.changeTags(ctx, C.CMGO_PROJECTS_SET_TAGS, project, tags)
}

func (p *Projects) changeTags(ctx context.Context, step C.cmgo_projects_step, project string,
	tags map[string]string,
) error {
	_, err := p.run(ctx, step, project, func(call *C.cmgo_projects_call, pins *pins) {
		call.change.tags, call.change.tag_count = pins.tags(tags)
	})
	return err
}

// RemoveTags takes tags off a project; keys that it does not have are no error.
func (p *Projects) RemoveTags(ctx context.Context, project string, keys []string) error {
	_, err := p.run(ctx, C.CMGO_PROJECTS_REMOVE_TAGS, project, func(call *C.cmgo_projects_call, pins *pins) {
		call.keys, call.key_count = pins.keys(keys)
	})
	return err
}

// use makes a call a user of the core, until release.
func (p *Projects) use() (*projectsCore, error) {
	if p == nil || p.core == nil {
		return nil, notMade("Projects", "NewProjects")
	}
	core := p.core
	entered := core.enter()
	runtime.KeepAlive(p)
	if !entered {
		return nil, ErrClosed
	}
	return core, nil
}

// one is run for a call that returns one project.
func (p *Projects) one(ctx context.Context, step C.cmgo_projects_step, project string,
	fill func(*C.cmgo_projects_call, *pins),
) (Project, error) {
	found, err := p.run(ctx, step, project, fill)
	if err != nil {
		return Project{}, err
	}
	return found[0], nil
}

func (p *Projects) run(ctx context.Context, step C.cmgo_projects_step, project string,
	fill func(*C.cmgo_projects_call, *pins),
) ([]Project, error) {
	if err := checkContext(ctx); err != nil {
		return nil, err
	}
	core, err := p.use()
	if err != nil {
		return nil, err
	}
	defer core.release()
	var cancel *C.costmark_cancel
	var failure *C.costmark_error
	if status := C.costmark_cancel_new(&cancel, &failure); status != C.COSTMARK_OK {
		return nil, takeError(status, failure)
	}
	stop := context.AfterFunc(ctx, func() { C.costmark_cancel_stop(cancel); C.costmark_cancel_release(cancel) })
	defer func() {
		if stop() {
			C.costmark_cancel_release(cancel)
		}
	}()
	return core.run(ctx, cancel, step, project, fill)
}

func (c *projectsCore) run(ctx context.Context, cancel *C.costmark_cancel, step C.cmgo_projects_step,
	project string, fill func(*C.cmgo_projects_call, *pins),
) ([]Project, error) {
	called := newCall(ctx)
	defer called.delete()
	var pins pins
	defer pins.Unpin()
	asked := C.cmgo_projects_call{projects: c.projects, call: called.handle, step: step, project: pins.text(project)}
	asked.change.struct_size = C.sizeof_costmark_project_change
	asked.wait.struct_size = C.sizeof_costmark_wait
	asked.wait.cancel = C.costmark_cancel_retain(cancel)
	defer C.costmark_cancel_release(cancel)
	if fill != nil {
		fill(&asked, &pins)
	}
	err := called.repeat(ctx, c.hooks, func() (C.costmark_status, *C.costmark_error) {
		asked.error = nil
		status := C.cmgo_projects_run(&asked)
		return status, asked.error
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return takeProjects(asked.list), nil
}

func takeProjects(list *C.costmark_project_list) []Project {
	defer C.costmark_project_list_free(list)
	found := []Project{}
	for index := range C.costmark_project_list_count(list) {
		raw := C.costmark_project{struct_size: C.sizeof_costmark_project}
		C.costmark_project_list_read(list, index, &raw)
		project := Project{
			ID:            goString(raw.id),
			ARN:           goString(raw.arn),
			Name:          goString(raw.name),
			Status:        goString(raw.status),
			DataRetention: goString(raw.data_retention),
			Account:       goString(raw.account),
			Region:        goString(raw.region),
			Plane:         ProjectPlane(raw.plane),
			Created:       timeFrom(raw.created_unix_s),
			Archived:      timeFrom(raw.archived_unix_s),
		}
		if raw.knows_tags != 0 {
			project.Tags = make(map[string]string, int(raw.tag_count))
			for _, tag := range unsafe.Slice(raw.tags, int(raw.tag_count)) {
				project.Tags[goString(tag.name)] = goString(tag.value)
			}
		}
		found = append(found, project)
	}
	return found
}

// present is text, for one that is there though it may be empty.
func (p *pins) present(s string) C.costmark_str {
	if s == "" {
		nothing := []byte{0}
		p.Pin(unsafe.SliceData(nothing))
		return C.costmark_str{data: chars(nothing)}
	}
	return p.text(s)
}

func (p *pins) tags(tags map[string]string) (*C.costmark_label, C.size_t) {
	lent := make([]C.costmark_label, 0, len(tags))
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		lent = append(lent, C.costmark_label{name: p.text(key), value: p.text(tags[key])})
	}
	if len(lent) == 0 {
		return nil, 0
	}
	p.Pin(unsafe.SliceData(lent))
	return unsafe.SliceData(lent), C.size_t(len(lent))
}

func (p *pins) keys(keys []string) (*C.costmark_str, C.size_t) {
	lent := make([]C.costmark_str, 0, len(keys))
	for _, key := range keys {
		lent = append(lent, p.text(key))
	}
	if len(lent) == 0 {
		return nil, 0
	}
	p.Pin(unsafe.SliceData(lent))
	return unsafe.SliceData(lent), C.size_t(len(lent))
}
