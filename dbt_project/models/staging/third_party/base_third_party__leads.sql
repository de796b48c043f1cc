{{ disposed(ref('typed_third_party__leads')) }}
