package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// selectedNode is where the scheduler notes the node that a claim's first pod will run on.
const selectedNode = "volume.kubernetes.io/selected-node"

// disk is one node's directory of volumes. Each volume is a directory in it with the volume's own name.
type disk struct {
	directory, node string
}

func openDisk(directory, node string) (*disk, error) {
	if node == "" {
		return nil, errors.New("NODE_NAME does not say which node this is")
	}
	if found, err := os.Stat(directory); err != nil {
		return nil, err
	} else if !found.IsDir() || !filepath.IsAbs(directory) {
		return nil, fmt.Errorf("--directory=%s is no directory's full path", directory)
	}
	return &disk{directory, node}, nil
}

// ShouldProvision tells whether the claim's pod was placed on this node.
func (d *disk) ShouldProvision(_ context.Context, claim *core.PersistentVolumeClaim) bool {
	return claim.Annotations[selectedNode] == d.node
}

// Provision makes the claim's directory and says what volume it is.
func (d *disk) Provision(
	_ context.Context, options controller.ProvisionOptions,
) (*core.PersistentVolume, controller.ProvisioningState, error) {
	if err := possible(options.PVC); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	path, err := d.path(options.PVName)
	if err == nil {
		err = d.make(path)
	}
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	return d.volume(options, path), controller.ProvisioningFinished, nil
}

// possible refuses what a directory cannot be, above all an empty one where a copy was asked for.
func possible(claim *core.PersistentVolumeClaim) error {
	for _, mode := range claim.Spec.AccessModes {
		if mode != core.ReadWriteOnce && mode != core.ReadWriteOncePod {
			return fmt.Errorf("a directory of one node cannot be %s: ask for ReadWriteOnce", mode)
		}
	}
	if claim.Spec.DataSource != nil || claim.Spec.DataSourceRef != nil {
		return errors.New("a volume begins empty here: leave dataSource out, and use `hardway volumes restore`")
	}
	if claim.Spec.Selector != nil {
		return errors.New("a volume is made for its claim: leave the selector out")
	}
	return nil
}

func (d *disk) path(volume string) (string, error) {
	if volume == "" || volume == "." || volume == ".." || strings.ContainsAny(volume, "/\x00") {
		return "", fmt.Errorf("%q is no volume's name", volume)
	}
	return filepath.Join(d.directory, volume), nil
}

// make makes the directory, open to whatever user the pod runs as (other users of the node cannot get as far as here),
// and brings its name to the disk.
func (d *disk) make(path string) error {
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.Chmod(path, 0o777); err != nil {
		return err
	}
	parent, err := os.Open(d.directory)
	if err != nil {
		return err
	}
	defer parent.Close()
	return parent.Sync()
}

func (d *disk) volume(options controller.ProvisionOptions, path string) *core.PersistentVolume {
	onThisNode := core.NodeSelectorTerm{MatchExpressions: []core.NodeSelectorRequirement{
		{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{d.node}},
	}}
	filesystem := core.PersistentVolumeFilesystem
	return &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: options.PVName},
		Spec: core.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *options.StorageClass.ReclaimPolicy,
			AccessModes:                   options.PVC.Spec.AccessModes,
			VolumeMode:                    &filesystem,
			Capacity: core.ResourceList{
				core.ResourceStorage: options.PVC.Spec.Resources.Requests[core.ResourceStorage],
			},
			PersistentVolumeSource: core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			NodeAffinity: &core.VolumeNodeAffinity{
				Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{onThisNode}},
			},
		},
	}
}

// ShouldDelete tells whether the volume is in this node's directory, by its own name.
func (d *disk) ShouldDelete(_ context.Context, volume *core.PersistentVolume) bool {
	path, err := d.path(volume.Name)
	if err != nil || volume.Spec.Local == nil || volume.Spec.Local.Path != path {
		return false
	}
	affinity := volume.Spec.NodeAffinity
	if affinity == nil || affinity.Required == nil {
		return false
	}
	for _, term := range affinity.Required.NodeSelectorTerms {
		for _, one := range term.MatchExpressions {
			if one.Key == core.LabelHostname && len(one.Values) == 1 && one.Values[0] == d.node {
				return true
			}
		}
	}
	return false
}

// Delete removes the volume's directory with all that is in it; links in it are removed, never followed.
func (d *disk) Delete(_ context.Context, volume *core.PersistentVolume) error {
	path, err := d.path(volume.Name)
	if err != nil {
		return err
	}
	return os.RemoveAll(path)
}
