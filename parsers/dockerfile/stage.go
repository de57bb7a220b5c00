package dockerfile

import "strings"

// stages groups the instructions into stages and resolves the base of each.
func (r *reader) stages() {
	f := r.file
	var names map[string]*Stage
	var stage *Stage
	for _, i := range f.Instructions {
		if i.Name == "FROM" {
			stage = &Stage{Index: len(f.Stages), From: i}
			if len(i.Words) > 0 {
				stage.Base = i.Words[0]
				stage.Image = f.expandDefaults(stage.Base.Text)
			}
			if len(i.Words) == 3 && strings.EqualFold(i.Words[1].Text, "as") {
				stage.NameWord = i.Words[2]
				stage.Name = strings.ToLower(i.Words[2].Text)
			}
			if p := i.Flag("platform"); p != nil {
				stage.Platform = f.expandPlatform(p.Unquoted)
			}
			stage.Parent = names[strings.ToLower(stage.Image)]
			if stage.Name != "" {
				if names == nil {
					names = map[string]*Stage{}
				}
				names[stage.Name] = stage
			}
			f.Stages = append(f.Stages, stage)
		} else if stage != nil {
			stage.Instructions = append(stage.Instructions, i)
		}
		i.Stage = stage
		for t := i.Trigger; t != nil; t = t.Trigger {
			t.Stage = stage
		}
	}
}
