{{ disposed(ref('typed_five_level__organizations')) }}
