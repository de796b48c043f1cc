{{ disposed(ref('typed_five_level__scans')) }}
