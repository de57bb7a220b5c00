package lsp

import "encoding/json"

// The types of the Language Server Protocol 3.17 that the server uses, with the fields that it uses. Their names and
// those of their fields are the protocol's.

type initializeParams struct {
	ProcessID             int                `json:"processId"`
	RootURI               string             `json:"rootUri"`
	RootPath              string             `json:"rootPath"`
	Capabilities          clientCapabilities `json:"capabilities"`
	InitializationOptions json.RawMessage    `json:"initializationOptions"`
	WorkspaceFolders      []workspaceFolder  `json:"workspaceFolders"`
}

type workspaceFolder struct {
	URI  string `json:"uri"`
	Name string `json:"name"`
}

type dynamic struct {
	DynamicRegistration bool `json:"dynamicRegistration"`
}

type clientCapabilities struct {
	General struct {
		PositionEncodings []Encoding `json:"positionEncodings"`
	} `json:"general"`
	Window struct {
		WorkDoneProgress bool `json:"workDoneProgress"`
		ShowDocument     struct {
			Support bool `json:"support"`
		} `json:"showDocument"`
	} `json:"window"`
	Workspace struct {
		WorkspaceFolders      bool    `json:"workspaceFolders"`
		DidChangeWatchedFiles dynamic `json:"didChangeWatchedFiles"`
		WorkspaceEdit         struct {
			DocumentChanges    bool     `json:"documentChanges"`
			ResourceOperations []string `json:"resourceOperations"`
		} `json:"workspaceEdit"`
		Diagnostics struct {
			RefreshSupport bool `json:"refreshSupport"`
		} `json:"diagnostics"`
	} `json:"workspace"`
	TextDocument struct {
		Diagnostic *dynamic `json:"diagnostic"`
		CodeAction struct {
			CodeActionLiteralSupport *struct{} `json:"codeActionLiteralSupport"`
			IsPreferredSupport       bool      `json:"isPreferredSupport"`
			DataSupport              bool      `json:"dataSupport"`
			ResolveSupport           struct {
				Properties []string `json:"properties"`
			} `json:"resolveSupport"`
		} `json:"codeAction"`
		Hover struct {
			ContentFormat []string `json:"contentFormat"`
		} `json:"hover"`
		PublishDiagnostics struct {
			VersionSupport bool `json:"versionSupport"`
		} `json:"publishDiagnostics"`
	} `json:"textDocument"`
}

type textDocument struct {
	URI string `json:"uri"`
}

type versionedDocument struct {
	URI     string `json:"uri"`
	Version *int32 `json:"version"`
}

type openParams struct {
	TextDocument struct {
		URI        string `json:"uri"`
		LanguageID string `json:"languageId"`
		Version    int32  `json:"version"`
		Text       string `json:"text"`
	} `json:"textDocument"`
}

type changeParams struct {
	TextDocument struct {
		URI     string `json:"uri"`
		Version int32  `json:"version"`
	} `json:"textDocument"`
	ContentChanges []change `json:"contentChanges"`
}

type documentParams struct {
	TextDocument textDocument `json:"textDocument"`
}

type positionParams struct {
	TextDocument textDocument `json:"textDocument"`
	Position     Position     `json:"position"`
}

type location struct {
	URI   string `json:"uri"`
	Range Range  `json:"range"`
}

type diagnosticRelated struct {
	Location location `json:"location"`
	Message  string   `json:"message"`
}

type codeDescription struct {
	Href string `json:"href"`
}

// diagnosticData goes with a diagnostic and comes back with a request for actions.
type diagnosticData struct {
	Rule string `json:"rule"`
}

type diagnostic struct {
	Range              Range               `json:"range"`
	Severity           int                 `json:"severity"`
	Code               string              `json:"code"`
	CodeDescription    *codeDescription    `json:"codeDescription,omitempty"`
	Source             string              `json:"source"`
	Message            string              `json:"message"`
	Tags               []int               `json:"tags,omitempty"`
	RelatedInformation []diagnosticRelated `json:"relatedInformation,omitempty"`
	Data               *diagnosticData     `json:"data,omitempty"`
}

type publishParams struct {
	URI         string          `json:"uri"`
	Version     *int32          `json:"version,omitempty"`
	Diagnostics json.RawMessage `json:"diagnostics"`
}

type textEdit struct {
	Range   Range  `json:"range"`
	NewText string `json:"newText"`
}

type documentEdit struct {
	TextDocument versionedDocument `json:"textDocument"`
	Edits        []textEdit        `json:"edits"`
}

type workspaceEdit struct {
	Changes map[string][]textEdit `json:"changes,omitempty"`
	// DocumentChanges are of type documentEdit and createFile.
	DocumentChanges []any `json:"documentChanges,omitempty"`
}

// createFile makes an empty file.
type createFile struct {
	Kind string `json:"kind"` // "create"
	URI  string `json:"uri"`
}

type markupContent struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// The kinds of a progress value.
const (
	progressBegin = "begin"
	progressEnd   = "end"
)

type workDone struct {
	Kind       string `json:"kind"`
	Title      string `json:"title,omitempty"`
	Message    string `json:"message,omitempty"`
	Percentage *int   `json:"percentage,omitempty"`
}

type progressParams struct {
	Token string `json:"token"`
	Value any    `json:"value"`
}
