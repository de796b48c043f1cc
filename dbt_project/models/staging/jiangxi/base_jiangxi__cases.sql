{{ disposed(ref('typed_jiangxi__cases')) }}
