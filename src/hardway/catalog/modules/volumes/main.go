// Command volumes makes volumes out of directories of the node that it runs on, one for each claim that the scheduler
// has placed there, and removes them with their claims.
//
// One runs on every worker. Each takes care of its own node's claims and volumes alone, so none must be elected, and
// none starts pods to reach other nodes' disks. The controller is Kubernetes' own library for provisioners.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisioner is what a StorageClass names.
const provisioner = "hardway.internal/local"

// After a failure: the first pause, and the longest.
const (
	firstPause   = time.Second
	longestPause = time.Minute
)

var version = "0"

func main() {
	directory := flag.String("directory", "", "where the node's volumes are; must be there")
	show := flag.Bool("version", false, "print the version and exit")
	flag.Parse()
	if *show {
		fmt.Printf("volumes (hardway) %s\n", version)
		return
	}
	if err := run(*directory, os.Getenv("NODE_NAME")); err != nil {
		fmt.Fprintln(os.Stderr, "volumes:", err)
		os.Exit(1)
	}
}

func run(directory, node string) error {
	disk, err := openDisk(directory, node)
	if err != nil {
		return err
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	pauses := workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstPause, longestPause)
	controller.NewProvisionController(ctx, client, provisioner, disk,
		controller.LeaderElection(false), controller.MetricsPort(0), controller.RateLimiter(pauses)).Run(ctx)
	return nil
}
