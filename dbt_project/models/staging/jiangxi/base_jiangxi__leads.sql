{{ disposed(ref('typed_jiangxi__leads')) }}
