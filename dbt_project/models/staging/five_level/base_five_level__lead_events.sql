{{ disposed(ref('typed_five_level__lead_events')) }}
