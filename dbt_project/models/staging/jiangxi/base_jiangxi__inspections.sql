{{ disposed(ref('typed_jiangxi__inspections')) }}
