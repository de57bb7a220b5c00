package custom

import "slices"

// neighbourKinds are the kinds of node in the files that say how images are built and run.
func neighbourKinds() []*Kind {
	return slices.Concat(composeKinds(), bakeKinds(), kubernetesKinds(), workflowKinds(), containerKinds())
}
